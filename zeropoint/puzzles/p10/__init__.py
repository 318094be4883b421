"""What else is written in a token's embedding, and how do you know that your probe did not make it up?"""
