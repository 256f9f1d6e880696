; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(class_declaration (modifiers (class_modifier "enum")) name: (_) @name
  [(class_body) (enum_class_body)]? @body) @enum
(class_declaration "interface" name: (_) @name (class_body)? @body) @interface
(class_declaration name: (_) @name [(class_body) (enum_class_body)]? @body) @class
(object_declaration name: (_) @name (class_body)? @body) @module

(function_declaration name: (_) @name (function_body)? @body) @function
; A property that computes its value is a method without brackets.
(class_body (property_declaration
  (variable_declaration . (identifier) @name) (getter (function_body)) @body) @method)
(secondary_constructor "constructor" @name (block)? @body) @method
(type_alias type: (_) @name) @type

(source_file (property_declaration "val" (variable_declaration . (identifier) @name)) @constant)
(source_file (property_declaration "var" (variable_declaration . (identifier) @name)) @variable)
(object_declaration (class_body
  (property_declaration (variable_declaration . (identifier) @name)) @constant))

(import (qualified_identifier) @import)

(class_declaration name: (_) @source (delegation_specifiers (delegation_specifier
  (constructor_invocation . (_) @extends))))
(class_declaration name: (_) @source (delegation_specifiers (delegation_specifier
  (user_type) @implements)))
(object_declaration name: (_) @source (delegation_specifiers (delegation_specifier
  (constructor_invocation . (_) @extends))))
(object_declaration name: (_) @source (delegation_specifiers (delegation_specifier
  (user_type) @implements)))
(type_alias type: (_) @source (user_type) @alias)
