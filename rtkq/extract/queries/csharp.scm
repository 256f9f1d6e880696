; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(class_declaration name: (_) @name body: (_)? @body) @class
(record_declaration name: (_) @name body: (_)? @body) @class
(struct_declaration name: (_) @name body: (_)? @body) @struct
(interface_declaration name: (_) @name body: (_)? @body) @interface
(enum_declaration name: (_) @name body: (_)? @body) @enum
(delegate_declaration name: (_) @name) @type

(method_declaration name: (_) @name body: (_)? @body) @method
; A property that computes its value is a method without brackets.
(property_declaration name: (_) @name value: (arrow_expression_clause) @body) @method
(property_declaration name: (_) @name
  accessors: (accessor_list (accessor_declaration body: (_))) @body) @method
(constructor_declaration name: (_) @name body: (_)? @body) @method
(operator_declaration operator: _ @name body: (_) @body) @method
(local_function_statement name: (_) @name body: (_) @body) @function

(using_directive !name [(identifier) (qualified_name)] @import)
(using_directive name: (_) . [(identifier) (qualified_name)] @import)

; The grammar does not tell a base class from an interface, their names do.
(class_declaration name: (_) @source (base_list (_) @extends
  (#unlike? @extends "I([A-Z<]|$)")))
(class_declaration name: (_) @source (base_list (_) @implements
  (#like? @implements "I([A-Z<]|$)")))
(record_declaration name: (_) @source (base_list (_) @extends
  (#unlike? @extends "I([A-Z<]|$)")))
(record_declaration name: (_) @source (base_list (_) @implements
  (#like? @implements "I([A-Z<]|$)")))
(struct_declaration name: (_) @source (base_list (_) @implements))
(interface_declaration name: (_) @source (base_list (_) @extends))
(using_directive name: (_) @source . [(identifier) (qualified_name)] @alias)
