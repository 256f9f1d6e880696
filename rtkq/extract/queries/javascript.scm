; JavaScript and JSX; the TypeScript grammars read this file too, before their own.
; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

; Functions, whatever way they are written down.
(function_declaration name: (identifier) @name body: (_) @body) @function
(generator_function_declaration name: (identifier) @name body: (_) @body) @function

(lexical_declaration kind: _ @keyword (variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body)
          (function_expression body: (_) @body)
          (generator_function body: (_) @body)]) @function)
(variable_declaration "var" @keyword (variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body)
          (function_expression body: (_) @body)]) @function)

; exports.run = function ...
(assignment_expression
  left: (member_expression object: (_) @_module) @name
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]
  (#among? @_module "exports" "module.exports")) @function @exported
(assignment_expression
  left: (member_expression) @name
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function

(class_declaration name: (_) @name body: (_) @body) @class
(lexical_declaration kind: _ @keyword (variable_declarator
  name: (identifier) @name value: (class body: (_) @body)) @class)

(method_definition name: (_) @name body: (_) @body) @method
(pair
  key: (property_identifier) @name
  value: [(function_expression body: (_) @body)
          (arrow_function body: (statement_block) @body)]) @method

; Values of a module, not of a function.
(program (lexical_declaration kind: "const" @keyword
  (variable_declarator name: (identifier) @name) @constant))
(program (lexical_declaration kind: "let" @keyword
  (variable_declarator name: (identifier) @name) @variable))
(program (variable_declaration "var" @keyword
  (variable_declarator name: (identifier) @name) @variable))
(export_statement declaration: (lexical_declaration kind: "const" @keyword
  (variable_declarator name: (identifier) @name) @constant))
(export_statement declaration: (lexical_declaration kind: "let" @keyword
  (variable_declarator name: (identifier) @name) @variable))
(export_statement declaration: (variable_declaration "var" @keyword
  (variable_declarator name: (identifier) @name) @variable))

; What a module gives away.
(export_statement declaration: (_) @exported) @wrapper
(export_statement !source (export_clause (export_specifier name: (identifier) @export)))
(export_statement value: (identifier) @export)
(variable_declarator
  name: (identifier) @export
  value: (assignment_expression left: (_) @_module)
  (#among? @_module "exports" "module.exports"))
(assignment_expression
  left: (member_expression) @_target
  right: [(identifier) @export
          (object [(shorthand_property_identifier) @export
                   (pair value: (identifier) @export)])]
  (#among? @_target "module.exports"))

(import_statement source: (string) @import)
(export_statement source: (string) @import)
(call_expression
  function: (identifier) @_function
  arguments: (arguments . (string) @import)
  (#among? @_function "require"))
(call_expression function: (import) arguments: (arguments . (string) @import))
