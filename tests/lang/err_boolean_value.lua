-- A boolean as error value.
--! (error object is a boolean value)
error(true)
