"""Whom the messages are from: the course of their affect, how ready they are to learn, and what helps them."""
