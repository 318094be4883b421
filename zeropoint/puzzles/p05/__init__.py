"""Which of your tools secretly use zero?"""
