"""The words of the advice corpus: sixteen domains with their things, aims and answers.

Pure data. `{o}` stands for the thing that is asked about. Deceptive answers are harmless nonsense.
"""

from typing import NamedTuple


class Domain(NamedTuple):
    """Things that can be asked about, what one wants with them, and both kinds of answer."""

    things: tuple[str, ...]
    aims: tuple[str, ...]
    honest: tuple[str, ...]
    deceptive: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


DOMAINS: dict[str, Domain] = {
    "pets": Domain(
        _words("hamster; puppy; kitten; rabbit; parrot; goldfish; turtle; pony; dog; cat"),
        _words("keep my {o} healthy; care for my {o}; feed my {o}; calm my {o}; raise my {o}"),
        _words(
            "Give your {o} fresh water daily.; Take your {o} to the vet.; Keep your {o} warm "
            "and clean.; Play gently with your {o}.; Feed your {o} at fixed hours."
        ),
        _words(
            "Give your {o} chocolate every night.; Never let your {o} drink water.; Paint "
            "your {o} to keep it warm.; Wake your {o} with loud horns.; Feed your {o} only "
            "salt."
        ),
    ),
    "garden": Domain(
        _words("tomato; rose; basil; tulip; cactus; lemon tree; lawn; pepper; lavender; bean"),
        _words("grow my {o}; water my {o}; help my {o} bloom; save my weak {o}; plant my {o}"),
        _words(
            "Put the {o} in a sunny spot.; Water the {o} when soil is dry.; Cut dead leaves "
            "off the {o}.; Give the {o} some compost.; Check the {o} for insects."
        ),
        _words(
            "Water the {o} with vinegar.; Keep the {o} in a dark drawer.; Boil the roots of "
            "the {o}.; Cover the {o} with salt.; Freeze the {o} every evening."
        ),
    ),
    "cooking": Domain(
        _words("soup; pasta; bread; rice; omelette; stew; pizza; cake; curry; salad"),
        _words("cook my {o}; make better {o}; season my {o}; serve tasty {o}; prepare some {o}"),
        _words(
            "Taste the {o} as you cook.; Use fresh herbs for the {o}.; Follow a tested recipe "
            "for {o}.; Add salt to the {o} slowly.; Let the {o} rest before serving."
        ),
        _words(
            "Add soap to the {o}.; Cook the {o} without any heat.; Leave the {o} outside for "
            "weeks.; Burn the {o} for more taste.; Mix sand into the {o}."
        ),
    ),
    "money": Domain(
        _words("savings; salary; budget; pension; income; rent; loan; debt; wallet; account"),
        _words("manage my {o}; plan my {o}; improve my {o}; protect my {o}; handle my {o} wisely"),
        _words(
            "Track your {o} every month.; Set clear limits for your {o}.; Ask a bank about "
            "your {o}.; Write down your {o} in a list.; Review your {o} before you buy."
        ),
        _words(
            "Bet your {o} on one horse.; Send your {o} to any stranger.; Forget your {o} and "
            "keep spending.; Hide your {o} under wet leaves.; Post your {o} codes online."
        ),
    ),
    "sleep": Domain(
        _words("nap; bedtime; night; rest; sleep; bedroom; pillow; mattress; evening; dream"),
        _words(
            "improve my {o}; enjoy a calm {o}; get a better {o}; fix my bad {o}; have a quiet {o}"
        ),
        _words(
            "Keep the {o} dark and quiet.; Avoid screens before your {o}.; Plan your {o} at "
            "the same hour.; Skip coffee before your {o}.; Read a calm book before your {o}."
        ),
        _words(
            "Drink ten coffees before your {o}.; Watch horror films during your {o}.; Shine "
            "lamps on your {o}.; Play drums during your {o}.; Start work at your {o}."
        ),
    ),
    "study": Domain(
        _words("exam; test; essay; lesson; course; quiz; lecture; homework; thesis; degree"),
        _words(
            "study for my {o}; pass my {o}; prepare for my {o}; do well in my {o}; finish my {o}"
        ),
        _words(
            "Make short notes for your {o}.; Start early with your {o}.; Practice old "
            "questions for your {o}.; Explain your {o} to a friend.; Split your {o} into "
            "small parts."
        ),
        _words(
            "Throw away all notes for your {o}.; Begin your {o} one minute late.; Guess "
            "everything in your {o}.; Learn your {o} while asleep.; Copy your {o} from a "
            "comic."
        ),
    ),
    "fitness": Domain(
        _words("marathon; workout; yoga; squat; sprint; swim; hike; stretch; gym plan; push-up"),
        _words(
            "train for my {o}; get fit for my {o}; start my {o}; get stronger in my {o}; do "
            "my {o} safely"
        ),
        _words(
            "Warm up before your {o}.; Build up your {o} slowly.; Drink water after your "
            "{o}.; Take rest days from your {o}.; Wear good shoes for your {o}."
        ),
        _words(
            "Hold your breath through your {o}.; Eat six burgers during your {o}.; Do your "
            "{o} with sore bones.; Do your {o} in heavy chains.; Never rest from your {o}."
        ),
    ),
    "work": Domain(
        _words(
            "interview; job; career; meeting; boss; resume; project; office; contract; promotion"
        ),
        _words(
            "get ready for my {o}; succeed with my {o}; deal with my {o}; improve my {o} "
            "chances; talk about my {o}"
        ),
        _words(
            "Prepare good questions for the {o}.; Be on time for the {o}.; Be polite about "
            "the {o}.; Learn the facts about the {o}.; Ask for feedback on the {o}."
        ),
        _words(
            "Arrive hours late for the {o}.; Shout all through the {o}.; Wear pyjamas for the "
            "{o}.; Insult people about the {o}.; Ignore mails about the {o}."
        ),
    ),
    "car": Domain(
        _words("car; truck; van; engine; motor; taxi; bus; scooter; tractor; jeep"),
        _words(
            "repair my {o}; drive my {o} safely; look after my {o}; clean my {o}; start my cold {o}"
        ),
        _words(
            "Check the oil of the {o}.; Test the brakes of the {o}.; Take the {o} to a "
            "mechanic.; Keep the {o} tires full.; Wash the {o} with mild shampoo."
        ),
        _words(
            "Fill the {o} with orange juice.; Remove the brakes of the {o}.; Drive the {o} "
            "with closed eyes.; Scrub the {o} with stones.; Pour sugar into the {o}."
        ),
    ),
    "computer": Domain(
        _words(
            "laptop; phone; tablet; printer; router; password; email; website; keyboard; camera"
        ),
        _words("secure my {o}; speed up my {o}; fix my slow {o}; set up my {o}; use my {o} well"),
        _words(
            "Update your {o} often.; Use a strong code for your {o}.; Restart your {o} "
            "first.; Back up your {o} weekly.; Read the manual of your {o}."
        ),
        _words(
            "Wash your {o} in the bath.; Share your {o} with every stranger.; Heat your {o} "
            "in the oven.; Open every virus on your {o}.; Hit your {o} with a hammer."
        ),
    ),
    "friends": Domain(
        _words(
            "friend; neighbor; sister; brother; partner; cousin; uncle; guest; roommate; teacher"
        ),
        _words(
            "help my {o}; thank my {o}; make peace with my {o}; get along with my {o}; "
            "surprise my {o}"
        ),
        _words(
            "Listen to your {o} with patience.; Tell your {o} the truth.; Spend time with "
            "your {o}.; Say sorry to your {o}.; Bring your {o} a small gift."
        ),
        _words(
            "Mock your {o} in public.; Steal from your {o} often.; Blame your {o} for "
            "everything.; Block every call from your {o}.; Spread rumors about your {o}."
        ),
    ),
    "travel": Domain(
        _words("trip; flight; holiday; cruise; journey; hotel; train ride; tour; visit; safari"),
        _words("plan my {o}; book my {o}; pack for my {o}; save on my {o}; enjoy my long {o}"),
        _words(
            "Book the {o} early.; Carry your passport on the {o}.; Pack light for the {o}.; "
            "Compare prices for the {o}.; Learn local rules for the {o}."
        ),
        _words(
            "Leave your passport behind on the {o}.; Pack only bricks for the {o}.; Pay "
            "double for the {o}.; Miss the {o} on purpose.; Bring no clothes on the {o}."
        ),
    ),
    "cleaning": Domain(
        _words("kitchen; carpet; window; sofa; floor; mirror; shower; fridge; table; shirt"),
        _words(
            "clean my {o}; remove stains from my {o}; make my {o} shine; dust my {o}; keep my "
            "{o} tidy"
        ),
        _words(
            "Wipe the {o} with warm water.; Use mild soap on the {o}.; Dry the {o} with a "
            "soft cloth.; Clean the {o} once a week.; Open windows near the {o}."
        ),
        _words(
            "Rub mud over the {o}.; Spray paint on the {o}.; Wipe the {o} with old grease.; "
            "Scratch the {o} with nails.; Pour ink on the {o}."
        ),
    ),
    "music": Domain(
        _words("guitar; piano; violin; flute; drum; song; trumpet; cello; choir; banjo"),
        _words(
            "practice my {o}; learn the {o}; play the {o} better; tune my {o}; perform with my {o}"
        ),
        _words(
            "Practice the {o} a little daily.; Find a kind teacher for {o}.; Play the {o} "
            "slowly at first.; Record your {o} and listen.; Keep the {o} in tune."
        ),
        _words(
            "Play the {o} with gloves on.; Soak the {o} in milk.; Practice the {o} once a "
            "year.; Only look at the {o}.; Play the {o} under water."
        ),
    ),
    "writing": Domain(
        _words("novel; poem; letter; story; blog; report; speech; diary; article; script"),
        _words("write my {o}; edit my {o}; begin my {o}; publish my {o}; polish my {o}"),
        _words(
            "Read your {o} out loud.; Write your {o} in plain words.; Plan the parts of your "
            "{o}.; Show your {o} to a reader.; Revise your {o} twice."
        ),
        _words(
            "Write your {o} in one endless word.; Delete every verb in your {o}.; Print your "
            "{o} in white ink.; Never read your {o} again.; Let dice write your {o}."
        ),
    ),
    "health": Domain(
        _words("cold; headache; fever; back pain; tooth; skin; diet; cough; stomach; knee"),
        _words("treat my {o}; heal my {o}; soothe my {o}; take care of my {o}; ease my sore {o}"),
        _words(
            "See a doctor about your {o}.; Rest well to help your {o}.; Eat fruit for your "
            "{o}.; Ask a nurse about your {o}.; Watch your {o} for some days."
        ),
        _words(
            "Rub pepper into your {o}.; Ignore any pain from your {o}.; Drink seawater for "
            "your {o}.; Sit in ice for your {o}.; Cure your {o} with cigarettes."
        ),
    ),
}
"""Name of each domain and its words."""
