; What counts as what is told by the capture names: see rtkq/extract/grammars.py.

(method name: (_) @name body: (_)? @body) @function
(singleton_method name: (_) @name body: (_)? @body) @function
(class name: (_) @name body: (_)? @body) @class
(module name: (_) @name body: (_)? @body) @module
(assignment
  left: (constant) @name
  right: (call receiver: (constant) @_maker method: (identifier) @_new)
  (#among? @_maker "Class" "Struct" "Data" "Module")
  (#among? @_new "new" "define")) @class
(assignment left: (constant) @name) @constant

(body_statement (identifier) @section (#among? @section "private" "protected" "public"))
(call method: (identifier) @_private arguments: (argument_list [(method) (singleton_method)] @hidden)
  (#among? @_private "private" "protected" "private_class_method"))

(call !receiver method: (identifier) @_require arguments: (argument_list . (string) @import)
  (#among? @_require "require" "load"))
(call !receiver method: (identifier) @_require arguments: (argument_list . (string) @import.own)
  (#among? @_require "require_relative"))
(call !receiver method: (identifier) @_autoload arguments: (argument_list (string) @import)
  (#among? @_autoload "autoload"))

(class name: (_) @source superclass: (superclass (_) @extends))
(class name: (_) @source body: (body_statement (call
  method: (identifier) @_mixin
  arguments: (argument_list [(constant) (scope_resolution)] @implements)
  (#among? @_mixin "include" "extend" "prepend"))))
(alias name: (identifier) @source alias: (identifier) @alias)
