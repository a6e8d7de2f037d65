"""Numbers with their noun, for messages."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number and its noun, in the singular for 1; `plural` is the noun with an s unless given.

    >>> counted(1, "epoch"), counted(0, "epoch"), counted(2, "process", "processes")
    ('1 epoch', '0 epochs', '2 processes')
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
