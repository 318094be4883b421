"""Some tokens in a vocabulary are never met in training. Where do their vectors lie, and what does a model do with them?"""
