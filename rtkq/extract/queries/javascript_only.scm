; Where plain JavaScript's grammar differs from TypeScript's.

(field_definition
  property: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @method
(field_definition property: (_) @name) @field
(class_declaration name: (_) @source (class_heritage (_) @extends))
