"""Setting an activation to zero assumes that zero means "nothing". Does it, in the models that run here?"""
