; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(function_item name: (identifier) @name body: (_) @body) @function
(function_signature_item name: (identifier) @name) @function
(struct_item name: (_) @name body: (field_declaration_list)? @body) @struct
(union_item name: (_) @name body: (_) @body) @struct
(enum_item name: (_) @name body: (_) @body) @enum
(trait_item name: (_) @name body: (_) @body) @trait
(type_item name: (_) @name) @type
(const_item name: (identifier) @name) @constant
(static_item name: (identifier) @name) @variable
(macro_definition name: (identifier) @name . (_) @body) @macro
(mod_item name: (identifier) @name body: (_) @body) @module

(field_declaration name: (field_identifier) @name) @field
(enum_variant name: (identifier) @name) @field

(impl_item type: (_) @name body: (_) @body) @container

(use_declaration argument: (_) @import)
(extern_crate_declaration name: (_) @import)
; "mod search;" is a file beside this one: "self::search".
(mod_item "mod" @_word name: (identifier) @import.own !body)

(impl_item trait: (_) @implements type: [
  (type_identifier) @source
  (generic_type type: (_) @source)
  (scoped_type_identifier) @source])
(trait_item name: (_) @source bounds: (trait_bounds
  [(type_identifier) (generic_type) (scoped_type_identifier)] @extends))
(type_item
  name: (_) @source
  type: [(type_identifier) (generic_type) (scoped_type_identifier)] @alias)
