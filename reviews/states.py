"""The life of words in a review: looked at before they are shown, hidden by a person and only as unlawful."""

from kernel.states import Machine

# waiting: WeChat is asked about them; held: a person looks at them; hidden: unlawful, told to the author with
# the ground and kept; withdrawn: taken back by the author, and gone.
WORDS = Machine(
    name="review_words",
    start="waiting",
    moves={
        "show": {"waiting": "shown", "held": "shown", "hidden": "shown"},
        "hold": {"waiting": "held"},
        "hide": {"held": "hidden", "shown": "hidden"},
        "withdraw": {
            "waiting": "withdrawn",
            "held": "withdrawn",
            "shown": "withdrawn",
            "hidden": "withdrawn",
        },
    },
)
