; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(class_declaration declaration_kind: ["class" "actor"] name: (_) @name body: (_) @body) @class
(class_declaration declaration_kind: "struct" name: (_) @name body: (_) @body) @struct
(class_declaration declaration_kind: "enum" name: (_) @name body: (_) @body) @enum
(class_declaration declaration_kind: "extension" name: (_) @name body: (_) @body) @container
(protocol_declaration name: (_) @name body: (_) @body) @interface

(function_declaration "func" . name: (_) @name body: (_)? @body) @function
(protocol_function_declaration "func" . name: (_) @name) @method
(init_declaration "init" @name body: (_)? @body) @method
(typealias_declaration "typealias" . name: (_) @name) @type
; A property that computes its value is a method without brackets.
(property_declaration
  name: (pattern bound_identifier: (_) @name) computed_value: (_) @body) @method

(source_file (property_declaration
  (value_binding_pattern mutability: "let")
  name: (pattern bound_identifier: (_) @name)) @constant)
(source_file (property_declaration
  (value_binding_pattern mutability: "var")
  name: (pattern bound_identifier: (_) @name)) @variable)

(import_declaration (identifier) @import)

(class_declaration
  declaration_kind: "class" name: (_) @source
  (inheritance_specifier inherits_from: (_) @extends))
(class_declaration
  declaration_kind: ["struct" "enum" "extension" "actor"] name: (_) @source
  (inheritance_specifier inherits_from: (_) @implements))
(protocol_declaration
  name: (_) @source (inheritance_specifier inherits_from: (_) @extends))
(typealias_declaration name: (type_identifier) @source (user_type) @alias)
