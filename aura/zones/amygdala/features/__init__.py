"""What an amygdala predicts from: the embedding alone, or an affect code and figures of the text beside it."""
