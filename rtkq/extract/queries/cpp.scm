; What C++ adds; c.scm is read before it.

(class_specifier name: (_) @name body: (_) @body) @class
(template_declaration [
  (class_specifier) (struct_specifier) (function_definition) (declaration) (alias_declaration)
  (concept_definition)] @wrapped) @wrapper
(alias_declaration name: (_) @name) @type
(concept_definition name: (_) @name) @trait
(namespace_definition name: (_)? @name body: (_) @body) @namespace
(namespace_definition body: (declaration_list (declaration declarator: [
  (identifier) @name
  (init_declarator declarator: (identifier) @name)]) @variable))

; Methods: in the class, or outside of it under a qualified name.
(function_definition
  declarator: [
    (function_declarator declarator: [
      (field_identifier) (qualified_identifier) (destructor_name) (operator_name)] @name)
    (reference_declarator (function_declarator declarator: [
      (identifier) (field_identifier) (qualified_identifier) (operator_name)] @name))
    (pointer_declarator declarator: (function_declarator declarator: [
      (field_identifier) (qualified_identifier) (operator_name)] @name))]
  body: (_) @body) @function
(function_definition
  declarator: [
    (function_declarator declarator: [
      (identifier) (field_identifier) (qualified_identifier) (destructor_name)
      (operator_name)] @name)
    (reference_declarator (function_declarator declarator: [
      (field_identifier) (operator_name)] @name))]
  [(default_method_clause) (delete_method_clause) (try_statement)]) @function
(field_declaration
  declarator: [
    (function_declarator declarator: [(field_identifier) (operator_name)] @name)
    (reference_declarator (function_declarator declarator: [
      (field_identifier) (operator_name)] @name))
    (pointer_declarator declarator: (function_declarator declarator: [
      (field_identifier) (operator_name)] @name))]) @function @prototype
(declaration
  declarator: [
    (function_declarator declarator: [(destructor_name) (operator_name)] @name)
    (reference_declarator (function_declarator declarator: [
      (identifier) (operator_name)] @name))]) @function @prototype

(field_declaration_list (access_specifier) @section)

(class_specifier name: (_) @source (base_class_clause
  [(type_identifier) (qualified_identifier) (template_type)] @extends))
(struct_specifier name: (_) @source (base_class_clause
  [(type_identifier) (qualified_identifier) (template_type)] @extends))
(alias_declaration name: (_) @source type: (type_descriptor type: [
  (type_identifier) (qualified_identifier) (template_type)] @alias))
