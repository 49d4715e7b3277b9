#include "milan/actions/word_lists.h"

#include <array>

namespace milan {
namespace {

constexpr std::array<WordList, 13> kLists = {{
    {"colour",
     "amber aqua azure beige black blue bluish brown brownish color colored colorful colour "
     "coloured colourful cream crimson cyan dark gold golden gray grayscale green greenish grey "
     "greyish hue indigo ivory lavender light lime magenta maroon monochrome multicolored "
     "multicoloured navy neon olive orange pale pastel peach pink pinkish purple rainbow red "
     "reddish saturated scarlet silver tan teal tinted turquoise vivid violet white whitish yellow "
     "yellowish bright dim"},
    {"texture",
     "blotchy brick bumpy checker checkerboard checkered coarse cracked crinkled crosshatched "
     "dot dotted dappled feathery fibrous fluffy fur furry fuzzy glossy grain grained grainy grid "
     "grooved hairy honeycomb knitted lace lattice mesh mottled net pattern patterned pebbly plaid "
     "pleated polka porous ribbed ridged ripple rough rugged scale scaly shaggy shiny silky smooth "
     "speckle speckled spotted stripe striped textural texture textured tiled uneven veined wavy "
     "web weave wood woven wrinkled zigzag crumbly glittering spiky spot"},
    {"shape",
     "angle angular arc arch arched ball bar bent circle circular column cone corner cross "
     "crescent cube curl curve curved curvy cylinder cylindrical diagonal diagonally disc disk "
     "edge ellipse elongated flat grid hollow horizontal horizontally line loop narrow oblong "
     "outline oval parallel point pointed rectangle rectangular rim ring rod round rounded shape "
     "sharp silhouette slanted slanting sphere spherical spike spiral square steep straight "
     "strip stroke tall thick thin tilted triangle triangular vertical vertically wide contour "
     "blob border frame spoke"},
    {"part",
     "abdomen ankle antenna antler arm axle back beak belly blade body bottom bow brim brow bumper "
     "button cap cheek chest chin claw collar corner door ear edge elbow end eye eyebrow face "
     "fender "
     "fin finger fingertip foot forehead fringe front fur grille gum hair half hand handle head "
     "headlight heel hip hoof horn jaw joint key knee knob lap leg lens lid limb lip mane middle "
     "mouth muzzle nail neck neckline nose nostril opening palm part paw peak petal piece portion "
     "rear rim roof rump rung scale seat shell shoulder side skin sleeve snout spoke stem strap "
     "surface tail thigh throat tip toe tongue tooth top torso trunk tyre tire underside upper "
     "vein "
     "wheel whisker window wing wrist lower"},
    {"relation",
     "above across adjacent adjoining against along among amid around at away before behind below "
     "beneath beside between beyond bordering bottom centre center centered centred connected "
     "covering crossing down enclosed facing from hanging held holding in inside into left lying "
     "meeting middle near next off on onto outside over overlapping right sitting standing "
     "surrounded surrounding through to top toward towards touching under underneath up upon "
     "wearing with within without"},
    {"text",
     "alphabet book caption character digit font handwriting headline label letter lettered "
     "lettering logo magazine newspaper number numeral page poster print printed script sign "
     "signage "
     "slogan symbol text title typography watermark word writing written"},
    {"person",
     "adult athlete baby boy bride child crowd face figure girl guy hair human infant kid lady man "
     "nude people person player rider skier skin soldier swimmer toddler woman worker audience "
     "family team"},
    {"animal",
     "animal ape bear beast bee beetle bird bug butterfly calf cat cattle chicken cow crab "
     "creature "
     "deer dog duck elephant fish frog goat hen horse insect kitten lion lizard lobster mammal "
     "monkey "
     "mouse owl ox panda parrot pet pig puppy rabbit rat reptile shark sheep snail snake spider "
     "terrier tiger turtle whale wolf zebra fur furry feather paw snout muzzle beak hoof"},
    {"plant",
     "bark bloom blossom branch bush coral corn fern flower foliage fungus grass greenery hay "
     "hedge "
     "leaf leafy lawn moss mushroom petal plant seed shrub stem tree twig vegetation vine weed"},
    {"food",
     "apple banana berry bread cake cheese chocolate dish egg food fruit icecream lemon meal meat "
     "orange pasta pepper pizza potato salad sandwich sauce soup strawberry vegetable"},
    {"object",
     "appliance bag ball balloon basket bed bell belt bench bicycle bike blade boat book bottle "
     "bowl "
     "box brush bucket bus button cable camera can candle cap car cart chair clock clothing coat "
     "coin "
     "computer container cup curtain device dial display dress equipment fan fence flag fork frame "
     "furniture gadget glass glove gun hammer hat helmet instrument jar jersey keyboard knife lamp "
     "machine mask mirror motorcycle object pan pen phone picture pillow pipe plane plate pole pot "
     "racket rope ruler screen screw shelf ship shirt shoe sign sofa spoon strap string table tank "
     "telephone thing tie tool toy train tray truck umbrella vase vehicle vessel watch weapon "
     "wheel "
     "wire item"},
    {"scene",
     "background beach bridge building castle church city cloud coast countryside crowd desert "
     "field floor foreground forest garden ground hill horizon house indoor interior island "
     "kitchen "
     "lake landscape mountain night ocean outdoor pavement river road room scene sea sky skyline "
     "snow stage street sunset tower town valley view wall water waterfall wave window"},
    {"material",
     "brass brick cardboard ceramic clay cloth concrete cotton denim fabric glass gold gravel ice "
     "leather metal metallic paper plastic porcelain rock rubber sand silk silver snow steel stone "
     "straw tile water wire wood wooden wool"},
}};

}  // namespace

std::span<const WordList> CategoryLists() { return kLists; }

std::string_view PrepositionList() {
  return "about above across after against along alongside amid among around as at before behind "
         "below beneath beside besides between beyond by down during except for from in inside "
         "into like near of off on onto opposite out outside over past through throughout to "
         "toward towards under underneath up upon via with within without";
}

std::string_view FunctionWordList() {
  return "a an the this that these those it its they them their he she his her him we you i my "
         "your our who whose which what where when while and or but nor so if than then not no "
         "n't is are was were be been being am has have had do does did can could may might will "
         "would should must there each every all any both either neither some such other another "
         "same many few more most much several various one two three also just only very mostly "
         "often usually etc s";
}

}  // namespace milan
