"""The post ends with a guess at what it is all good for. Is the guess right, in the models that run here?"""
