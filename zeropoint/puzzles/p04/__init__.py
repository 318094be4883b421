"""The same objective, nearly the same architecture, and two embeddings that lie so differently. Which ingredient of the recipe does it?"""
