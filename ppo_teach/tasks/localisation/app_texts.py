"""Texts of an app, English and Chinese: three sentences about one thing. Chapter: book/applications/translation.md.

A placeholder such as {name} is filled in when the text is shown, and a product keeps its name in every language:
neither is translated. A thing may have two good Chinese words; a text should choose one and keep to it. A careless
translation breaks these rules, each in its own way:

    placeholder   translates what stands in braces     把 文件 发送 给 名字      for  把 文件 发送 给 {name}
    product       translates the product's name        云盒 无法 打开 文件       for  cloudbox 无法 打开 文件
    term          chooses anew at every mention        文件 … 档案 … 文件        for  文件 … 文件 … 文件
"""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

FAULTS = ("placeholder", "product", "term")
PLACEHOLDERS = {"{name}": "名字", "{count}": "数量", "{date}": "日期"}
PRODUCTS = {"cloudbox": "云盒", "quicknote": "快记", "photobay": "照片湾", "teamroom": "团队室", "safekey": "安全钥"}
THINGS = {  # English singular: (English plural, measure word, two Chinese words)
    "file": ("files", "个", ("文件", "档案")),
    "message": ("messages", "条", ("消息", "信息")),
    "photo": ("photos", "张", ("照片", "相片")),
    "video": ("videos", "段", ("视频", "影片")),
    "password": ("passwords", "个", ("密码", "口令")),
    "link": ("links", "个", ("链接", "连结")),
    "folder": ("folders", "个", ("文件夹", "资料夹")),
    "comment": ("comments", "条", ("评论", "留言")),
}
SENTENCES = {  # <thing> and <things> stand for the thing, <app> for a product
    "{name} shared the <thing> with you .": "{name} 与 你 分享 了 这 <measure> <thing> 。",
    "the <thing> was saved on {date} .": "这 <measure> <thing> 已 于 {date} 保存 。",
    "you have {count} new <things> .": "你 有 {count} <measure> 新 <thing> 。",
    "<app> cannot open the <thing> .": "<app> 无法 打开 这 <measure> <thing> 。",
    "the <thing> was moved to <app> .": "这 <measure> <thing> 已 移 到 <app> 。",
    "{name} renamed the <thing> .": "{name} 重命名 了 这 <measure> <thing> 。",
    "send the <thing> to {name} .": "把 这 <measure> <thing> 发送 给 {name} 。",
    "<app> found {count} <things> .": "<app> 找到 了 {count} <measure> <thing> 。",
    "ask {name} for the <thing> .": "请 向 {name} 索取 这 <measure> <thing> 。",
    "the <thing> expires on {date} .": "这 <measure> <thing> 将 于 {date} 过期 。",
    "sign in to <app> to see the <thing> .": "请 登录 <app> 查看 这 <measure> <thing> 。",
    "{count} <things> could not be sent .": "有 {count} <measure> <thing> 未能 发送 。",
    "delete the <thing> ?": "要 删除 这 <measure> <thing> 吗 ？",
}


@dataclass(frozen=True)
class AppText:
    """Three sentences about one thing, in one product: "delete the file ? {name} renamed the file . …"."""

    sentences: tuple[str, ...]  # keys of SENTENCES
    thing: str
    word: str  # the Chinese word of the thing that this text keeps to
    product: str

    def english(self) -> str:
        plural, _, _ = THINGS[self.thing]
        text = " ".join(self.sentences)
        return text.replace("<things>", plural).replace("<thing>", self.thing).replace("<app>", self.product)

    def chinese(self, faults: Collection[str] = (), *, rng: Random | None = None) -> str:
        """With the fault "term", `rng` chooses among the thing's two words at each mention."""
        _, measure, words = THINGS[self.thing]
        text = " ".join(SENTENCES[sentence] for sentence in self.sentences).replace("<measure>", measure)
        for _ in range(text.count("<thing>")):
            text = text.replace("<thing>", rng.choice(words) if "term" in faults else self.word, 1)
        if "placeholder" in faults:
            for placeholder, translated in PLACEHOLDERS.items():
                text = text.replace(placeholder, translated)
        return text.replace("<app>", PRODUCTS[self.product] if "product" in faults else self.product)


def random_app_text(rng: Random) -> AppText:
    """A text of the grammar; it keeps to either of its thing's two words."""
    thing = rng.choice(tuple(THINGS))
    sentences = tuple(rng.sample(tuple(SENTENCES), 3))
    return AppText(sentences, thing, rng.choice(THINGS[thing][2]), rng.choice(tuple(PRODUCTS)))


def kept(text: str, reference: str, words: Collection[str]) -> bool:
    """Whether each of these words occurs in the text as often as in the reference."""
    found, wanted = text.split(), reference.split()
    return all(found.count(word) == wanted.count(word) for word in words)


def keeps_one_term(text: str, reference: str) -> bool:
    """Whether the text calls the reference's thing by one of its words throughout, as often as the reference does."""
    found, wanted = text.split(), reference.split()
    for _, _, words in THINGS.values():
        if any(word in wanted for word in words):
            mentions = sum(map(wanted.count, words))
            return any(found.count(word) == mentions for word in words) and sum(map(found.count, words)) == mentions
    raise ValueError(f"reference must mention a thing of the grammar; got {reference!r}")
