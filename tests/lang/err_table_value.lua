-- An error object without a string form.
--! (error object is a table value)
print("before")
error({ code = 2 })
--> before
