"""When does what you found in 01 come about: is it there from the first moment, and which parts of the network does it need?"""
