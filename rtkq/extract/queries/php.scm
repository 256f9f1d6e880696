; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(class_declaration name: (_) @name body: (_) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @interface
(trait_declaration name: (_) @name body: (_) @body) @trait
(enum_declaration name: (_) @name body: (_) @body) @enum
(function_definition name: (_) @name body: (_) @body) @function
(method_declaration name: (_) @name body: (_)? @body) @method
(const_declaration (const_element . (name) @name)) @constant
(function_call_expression
  function: (name) @_define
  arguments: (arguments . (argument [(string) (encapsed_string)] @name))
  (#among? @_define "define")) @constant

(namespace_use_declaration (namespace_use_clause . [(qualified_name) (name)] @import))
(namespace_use_declaration
  (namespace_name) @prefix
  body: (namespace_use_group (namespace_use_clause . [(qualified_name) (name)] @import)))
(require_expression [(string) (encapsed_string)] @import)
(require_once_expression [(string) (encapsed_string)] @import)
(include_expression [(string) (encapsed_string)] @import)
(include_once_expression [(string) (encapsed_string)] @import)
; __DIR__ . '/lib.php' lies beside this file: "./lib.php".
(binary_expression left: (name) @_here right: (string) @import.own (#among? @_here "__DIR__"))

(class_declaration name: (_) @source (base_clause (_) @extends))
(class_declaration name: (_) @source (class_interface_clause (_) @implements))
(class_declaration name: (_) @source body: (declaration_list
  (use_declaration [(name) (qualified_name)] @implements)))
(enum_declaration name: (_) @source (class_interface_clause (_) @implements))
(interface_declaration name: (_) @source (base_clause (_) @extends))
