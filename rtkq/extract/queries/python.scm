; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(function_definition name: (identifier) @name body: (_) @body) @function
(class_definition name: (identifier) @name body: (_) @body) @class
(decorated_definition definition: (_) @wrapped) @wrapper
(type_alias_statement left: (type (identifier) @name)) @type

; Only what a module binds at its top level: the rest is local.
(module (expression_statement
  (assignment left: (identifier) @name right: (_)) @variable))

; Attributes of the class itself, with or without a value.
(class_definition body: (block (expression_statement
  (assignment left: (identifier) @name) @field)))

(import_statement name: (dotted_name) @import)
(import_statement name: (aliased_import name: (dotted_name) @import))
(import_from_statement module_name: (dotted_name) @import)
(import_from_statement module_name: (relative_import (dotted_name)) @import)

; "from . import session" names a neighbour: ".session".
(import_from_statement
  module_name: (relative_import . (import_prefix) @prefix .)
  name: [(dotted_name) @import (aliased_import name: (dotted_name) @import)])

(class_definition
  name: (identifier) @source
  superclasses: (argument_list [
    (identifier) @extends
    (attribute) @extends
    (subscript value: (_) @extends)]))

(module (expression_statement
  (assignment left: (identifier) @source right: [(identifier) (attribute)] @alias)))
