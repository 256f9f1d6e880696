; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(function_definition name: (_) @name body: (_) @body) @function
(program (variable_assignment name: (variable_name) @name value: (_) @body) @variable)
(program (declaration_command
  (variable_assignment name: (variable_name) @name value: (_) @body)) @variable)

(command
  name: (command_name) @_source
  . argument: (_) @import
  (#among? @_source "source" "."))
