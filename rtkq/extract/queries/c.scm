; C; the C++ grammar reads this file too, before its own.
; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator declarator:
      (function_declarator declarator: (identifier) @name))
    (pointer_declarator declarator: (pointer_declarator declarator:
      (function_declarator declarator: (identifier) @name)))]
  body: (_) @body) @function
(declaration
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator declarator:
      (function_declarator declarator: (identifier) @name))
    (pointer_declarator declarator: (pointer_declarator declarator:
      (function_declarator declarator: (identifier) @name)))]) @function @prototype

; A typedef with a body gives the structure its name.
(type_definition
  type: (struct_specifier body: (_) @body)
  declarator: (type_identifier) @name) @struct
(type_definition
  type: (union_specifier body: (_) @body)
  declarator: (type_identifier) @name) @struct
(type_definition
  type: (enum_specifier body: (_) @body)
  declarator: (type_identifier) @name) @enum
(type_definition declarator: [
  (type_identifier) @name
  (pointer_declarator declarator: (type_identifier) @name)
  (array_declarator declarator: (type_identifier) @name)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (type_identifier) @name)))
  (function_declarator declarator: (type_identifier) @name)]) @type
(struct_specifier name: (_) @name body: (_) @body) @struct
(union_specifier name: (_) @name body: (_) @body) @struct
(enum_specifier name: (_) @name body: (_) @body) @enum

; Members; whatever points, holds many or is called.
(field_declaration declarator: [
  (field_identifier) @name
  (array_declarator declarator: [
    (field_identifier) @name
    (array_declarator declarator: (field_identifier) @name)
    (pointer_declarator declarator: (field_identifier) @name)])
  (pointer_declarator declarator: [
    (field_identifier) @name
    (pointer_declarator declarator: (field_identifier) @name)
    (array_declarator declarator: (field_identifier) @name)])
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (field_identifier) @name)))
  (pointer_declarator declarator: (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (field_identifier) @name))))]) @field
(enumerator name: (identifier) @name) @field

(preproc_def name: (_) @name value: (_) @body) @macro
(preproc_function_def name: (_) @name value: (_)? @body) @macro

(preproc_include path: (_) @import)

(type_definition
  type: [
    (type_identifier) @alias
    (struct_specifier name: (_) @alias !body)
    (union_specifier name: (_) @alias !body)
    (enum_specifier name: (_) @alias !body)]
  declarator: (type_identifier) @source)

; Variables of the file, under conditional compilation too.
(translation_unit (declaration declarator: [
  (identifier) @name
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: (identifier) @name)
  (init_declarator declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))
    (array_declarator declarator: (array_declarator declarator: (identifier) @name))])]) @variable)
(preproc_ifdef (declaration declarator: [
  (identifier) @name
  (init_declarator declarator: (identifier) @name)]) @variable)
(preproc_if (declaration declarator: [
  (identifier) @name
  (init_declarator declarator: (identifier) @name)]) @variable)
