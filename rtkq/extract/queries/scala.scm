; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(class_definition name: (_) @name body: (_)? @body) @class
(object_definition name: (_) @name body: (_)? @body) @module
(trait_definition name: (_) @name body: (_)? @body) @trait
(enum_definition name: (_) @name body: (_)? @body) @enum
(function_definition name: (_) @name body: (_)? @body) @function
(function_declaration name: (_) @name) @function
(given_definition name: (_) @name) @constant
(type_definition name: (_) @name) @type
(val_definition pattern: (identifier) @name) @constant
(var_definition pattern: (identifier) @name) @variable

(import_declaration) @import

(class_definition name: (_) @source extend: (extends_clause . type: (_) @extends))
(class_definition name: (_) @source extend: (extends_clause "with" . type: (_) @implements))
(object_definition name: (_) @source extend: (extends_clause . type: (_) @extends))
(object_definition name: (_) @source extend: (extends_clause "with" . type: (_) @implements))
(trait_definition name: (_) @source extend: (extends_clause type: (_) @extends))
(type_definition name: (_) @source type: [(type_identifier) (generic_type)] @alias)
