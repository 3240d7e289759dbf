-- An error object that can be shown.
--! code 7
error(setmetatable({ code = 7 }, { __tostring = function(e) return "code " .. e.code end }))
