-- os.exit(true): success although an error would follow.
--= 0
print("leaving")
os.exit(true)
error("not reached")
--> leaving
