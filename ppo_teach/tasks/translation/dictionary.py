"""The English and Chinese words of the translation task. Chapter: book/applications/translation.md.

Spaces separate words in Chinese too, so that a tokenizer for both languages only has to split at them.
"""

NOUNS = {  # measure word: the nouns counted with it, each as English singular, English plural, Chinese
    "本": "book books 书, dictionary dictionaries 词典, magazine magazines 杂志",
    "张": "map maps 地图, table tables 桌子, photo photos 照片",
    "只": "cat cats 猫, bird birds 鸟, sheep sheep 羊",
    "条": "fish fish 鱼, scarf scarves 围巾, dog dogs 狗",
    "件": "shirt shirts 衬衫, coat coats 外套",
    "辆": "car cars 汽车, bicycle bicycles 自行车",
    "把": "knife knives 刀, umbrella umbrellas 雨伞, chair chairs 椅子",
    "支": "pen pens 钢笔, brush brushes 毛笔",
    "棵": "tree trees 树, cabbage cabbages 白菜",
    "朵": "flower flowers 花",
    "匹": "horse horses 马",
    "头": "cow cows 牛, elephant elephants 大象",
    "台": "computer computers 电脑, camera cameras 照相机",
    "顶": "hat hats 帽子",
    "封": "letter letters 信",
    "盏": "lamp lamps 灯",
}
THINGS = {  # English singular: (English plural, measure word, Chinese)
    singular: (plural, measure, chinese)
    for measure, entries in NOUNS.items()
    for singular, plural, chinese in (entry.split() for entry in entries.split(", "))
}
MEASURES = {chinese: measure for _, measure, chinese in THINGS.values()}

# Two is 两, not 二, before a measure word.
NUMBERS = {
    "two": "两",
    "three": "三",
    "four": "四",
    "five": "五",
    "six": "六",
    "seven": "七",
    "eight": "八",
    "nine": "九",
}
ONES = {"a": "一", "one": "一"}
THIS = {"this": "这", "that": "那"}
THESE = {f"these {number}": f"这 {chinese}" for number, chinese in NUMBERS.items()}
THOSE = {f"those {number}": f"那 {chinese}" for number, chinese in NUMBERS.items()}
INDEFINITE, DEFINITE = ONES | NUMBERS, THIS | THESE | THOSE
DETERMINERS = INDEFINITE | DEFINITE
SINGULAR = ONES | THIS

COLOURS = {"white": "白色", "black": "黑色", "brown": "棕色", "grey": "灰色", "red": "红色"}
QUALITIES = {
    "beautiful": "漂亮",
    "strange": "奇怪",
    "cheap": "便宜",
    "expensive": "昂贵",
    "ugly": "难看",
    "ordinary": "普通",
}
ADJECTIVES = COLOURS | QUALITIES | {f"very {english}": f"很 {chinese}" for english, chinese in QUALITIES.items()}

THIRD_PERSONS = {"he": "他", "she": "她", "my father": "我 父亲", "her sister": "她 姐姐", "the doctor": "医生"}
OTHERS = {"i": "我", "you": "你", "we": "我们", "they": "他们", "his parents": "他 父母", "the children": "孩子们"}
PEOPLE = THIRD_PERSONS | OTHERS

VERBS = {  # English base: (third person, past, Chinese)
    "buy": ("buys", "bought", "买"),
    "sell": ("sells", "sold", "卖"),
    "draw": ("draws", "drew", "画"),
    "borrow": ("borrows", "borrowed", "借"),
    "choose": ("chooses", "chose", "选"),
    "photograph": ("photographs", "photographed", "拍"),
    "describe": ("describes", "described", "描述"),
    "steal": ("steals", "stole", "偷"),
    "hide": ("hides", "hid", "藏"),
}
BE = {"past": ("was", "were"), "present": ("is", "are"), "future": ("will be", "will be")}
AUXILIARIES = {  # tense: what stands before the Chinese verb, (affirmed, denied)
    "past": ("", "没有"),
    "present": ("", "不"),
    "future": ("会", "不会"),
}

PLACES = {
    "in the park": "公园 里",
    "in the shop": "商店 里",
    "in the village": "村子 里",
    "in the garden": "花园 里",
    "at the market": "市场 上",
    "at school": "学校",
    "at home": "家 里",
    "at the station": "车站",
    "near the river": "河边",
}
TIMES = {
    "past": {"yesterday": "昨天", "last night": "昨晚", "last week": "上周", "last year": "去年"},
    "present": {"on sundays": "星期天", "on weekends": "周末", "in summer": "夏天", "in the evening": "晚上"},
    "future": {"tomorrow": "明天", "tonight": "今晚", "next week": "下周", "next year": "明年"},
}
