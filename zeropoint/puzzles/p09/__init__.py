"""Is centring always a good habit?"""
