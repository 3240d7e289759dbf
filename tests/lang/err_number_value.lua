-- A number as error value becomes its string.
--! 42
error(42)
