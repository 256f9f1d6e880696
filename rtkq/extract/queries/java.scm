; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(class_declaration name: (_) @name body: (_) @body) @class
(record_declaration name: (_) @name body: (_) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @interface
(annotation_type_declaration name: (_) @name body: (_) @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum
(method_declaration name: (_) @name body: (_)? @body) @method
(annotation_type_element_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name body: (_) @body) @method
(compact_constructor_declaration name: (_) @name body: (_) @body) @method

(field_declaration declarator: (variable_declarator name: (identifier) @name)) @field
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @field
(enum_constant name: (identifier) @name) @field

(import_declaration [(scoped_identifier) (identifier)] @import)

(class_declaration name: (_) @source superclass: (superclass (_) @extends))
(class_declaration name: (_) @source interfaces: (super_interfaces (type_list (_) @implements)))
(record_declaration name: (_) @source interfaces: (super_interfaces (type_list (_) @implements)))
(enum_declaration name: (_) @source interfaces: (super_interfaces (type_list (_) @implements)))
(interface_declaration name: (_) @source (extends_interfaces (type_list (_) @extends)))
