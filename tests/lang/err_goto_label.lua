-- A label that is not there.
--! err_goto_label.lua:4: no visible label 'nowhere' for <goto> at line 3
for i = 1, 3 do goto nowhere end
