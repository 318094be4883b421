"""Two language models, two tables of token embeddings. In one, almost all vectors point the same way; in the other, much less. Is that surprising, and why is it so?"""
