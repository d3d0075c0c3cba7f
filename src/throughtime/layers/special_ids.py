"""The ids with which every vocabulary begins."""

PAD_ID, UNK_ID, BOS_ID, EOS_ID = range(4)
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")  # in the order of their ids
