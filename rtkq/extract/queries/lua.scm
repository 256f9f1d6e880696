; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(function_declaration name: (_) @name body: (_)? @body) @function
(variable_declaration (assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (function_definition body: (_)? @body) .))) @function
(assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (function_definition body: (_)? @body) .)) @function
(table_constructor (field
  name: (identifier) @name value: (function_definition body: (_)? @body)) @method)
(chunk (variable_declaration (assignment_statement
  (variable_list . name: (identifier) @name .))) @variable)
(chunk (assignment_statement (variable_list . name: (identifier) @name .)) @variable)

(function_call
  name: (identifier) @_require
  arguments: (arguments . (string) @import)
  (#among? @_require "require" "dofile" "loadfile"))
