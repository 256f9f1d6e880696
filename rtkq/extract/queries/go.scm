; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(function_declaration name: (identifier) @name body: (_)? @body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @parent
    (pointer_type (type_identifier) @parent)
    (generic_type type: (type_identifier) @parent)
    (pointer_type (generic_type type: (type_identifier) @parent))]))
  name: (_) @name
  body: (_)? @body) @method

(type_declaration "type" @keyword
  (type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @struct)
(type_declaration "type" @keyword
  (type_spec name: (_) @name type: (interface_type "{" @body)) @interface)
(type_declaration "type" @keyword (type_spec name: (_) @name) @type)
(type_declaration "type" @keyword (type_alias name: (_) @name) @type)
(method_elem name: (_) @name) @method

(field_declaration name: (field_identifier) @name) @field

(source_file (const_declaration "const" @keyword (const_spec name: (identifier) @name) @constant))
(source_file (var_declaration "var" @keyword (var_spec name: (identifier) @name) @variable))
(source_file (var_declaration "var" @keyword
  (var_spec_list (var_spec name: (identifier) @name) @variable)))

(import_spec path: (_) @import)

; An embedded type lends its methods.
(type_spec name: (_) @source type: (struct_type (field_declaration_list
  (field_declaration !name type: (_) @extends))))
(type_spec name: (_) @source type: (interface_type (type_elem
  . [(type_identifier) (qualified_type) (generic_type)] @extends .)))
(type_alias name: (_) @source type: (_) @alias)

; var _ Writer = (*responseWriter)(nil): a promise the compiler keeps.
(source_file (var_declaration (var_spec
  name: (identifier) @_blank
  type: (_) @implements
  value: (expression_list [
    (call_expression function: (parenthesized_expression
      (unary_expression operand: (identifier) @source)))
    (unary_expression operand: (composite_literal type: (type_identifier) @source))
    (composite_literal type: (type_identifier) @source)]))
  (#among? @_blank "_")))
