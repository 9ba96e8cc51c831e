"""What NinaPro's movements are called: Atzori et al. (2014), figure 2.

doi:10.1038/sdata.2014.53.
"""

FINGERS = (  # exercise A
    "index finger flexion",
    "index finger extension",
    "middle finger flexion",
    "middle finger extension",
    "ring finger flexion",
    "ring finger extension",
    "little finger flexion",
    "little finger extension",
    "thumb adduction",
    "thumb abduction",
    "thumb flexion",
    "thumb extension",
)
POSTURES = (  # exercise B
    "thumb up",
    "index and middle finger extended, others flexed",
    "ring and little finger flexed, others extended",
    "thumb opposing base of little finger",
    "all fingers abducted",
    "fist",
    "pointing index finger",
    "extended fingers adducted",
    "wrist supination, axis middle finger",
    "wrist pronation, axis middle finger",
    "wrist supination, axis little finger",
    "wrist pronation, axis little finger",
    "wrist flexion",
    "wrist extension",
    "wrist radial deviation",
    "wrist ulnar deviation",
    "wrist extension, closed hand",
)
GRASPS = (  # exercise C
    "large diameter grasp",
    "small diameter grasp",
    "fixed hook grasp",
    "index finger extension grasp",
    "medium wrap",
    "ring grasp",
    "prismatic four finger grasp",
    "stick grasp",
    "writing tripod grasp",
    "power sphere grasp",
    "three finger sphere grasp",
    "precision sphere grasp",
    "tripod grasp",
    "prismatic pinch grasp",
    "tip pinch grasp",
    "quadpod grasp",
    "lateral grasp",
    "parallel extension grasp",
    "extension type grasp",
    "power disk grasp",
    "opening a bottle, tripod grasp",
    "turning a screw, stick grasp",
    "cutting, index finger extension grasp",
)
FORCES = (  # exercise D: what the hand presses against stays where it is
    "flexion force of the little finger",
    "flexion force of the ring finger",
    "flexion force of the middle finger",
    "flexion force of the index finger",
    "abduction force of the thumb",
    "flexion force of the thumb",
    "flexion force of index and little finger",
    "flexion force of ring and middle finger",
    "flexion force of index finger and thumb",
)

# What some releases write for `FORCES`, in their order: each finger is a bit from the little finger
# on, and two fingers are their sum. Mark R: remembered, without a source at hand.
CODES = (1, 2, 4, 8, 16, 32, 9, 6, 40)
