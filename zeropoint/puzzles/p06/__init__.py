"""You know how a model's token embeddings lie. How do the vectors lie that it makes of them, layer by layer?"""
