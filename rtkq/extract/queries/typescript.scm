; What TypeScript adds; javascript.scm is read before it.

(abstract_class_declaration name: (_) @name body: (_) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum
(type_alias_declaration name: (_) @name) @type
(internal_module name: (_) @name body: (_) @body) @module
(ambient_declaration (_) @wrapped) @wrapper

(method_signature name: (_) @name) @method
(abstract_method_signature name: (_) @name) @method
(function_signature name: (identifier) @name) @function @prototype
(public_field_definition
  name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @method
(ambient_declaration (lexical_declaration kind: "const" @keyword
  (variable_declarator name: (identifier) @name) @constant))

(property_signature name: (_) @name) @field
(public_field_definition name: (_) @name) @field
(enum_body name: (_) @name @field)
(enum_assignment name: (_) @name) @field

(import_require_clause source: (string) @import)

(class_declaration name: (_) @source (class_heritage (extends_clause value: (_) @extends)))
(class_declaration name: (_) @source (class_heritage (implements_clause (_) @implements)))
(abstract_class_declaration
  name: (_) @source (class_heritage (extends_clause value: (_) @extends)))
(abstract_class_declaration
  name: (_) @source (class_heritage (implements_clause (_) @implements)))
(interface_declaration name: (_) @source (extends_type_clause type: (_) @extends))
(type_alias_declaration
  name: (_) @source
  value: [(type_identifier) (nested_type_identifier) (generic_type)] @alias)
