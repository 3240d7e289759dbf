-- A message without a position.
--! just the message
error("just the message", 0)
