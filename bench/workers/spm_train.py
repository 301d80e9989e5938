"""One training by sentencepiece (the C++ library by way of Python). Arguments: those of spm_train."""

import json
import resource
import sys

import sentencepiece

sentencepiece.SentencePieceTrainer.Train(" ".join(sys.argv[1:]))
print(json.dumps({"peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))
