"""What can you change in a model's embedding without the model noticing? And which changes look free and are not?"""
