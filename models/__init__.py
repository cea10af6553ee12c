"""What is stored: books, and the rules of accounting. Knows companies and money; never HTTP."""
