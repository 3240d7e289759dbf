-- error() without a value.
--! (error object is a nil value)
for i = 1, 300 do if i == 300 then error() end end
