"""The words by which sensitive matters are recognised, in English and Chinese. Plain data; kept short on purpose.

``TOPICS`` are what an attribute or a question is about; ``TERMS`` are what a value says of somebody. English ones are
regular expressions for whole words, Chinese ones stand anywhere. ``HARMLESS`` are phrases that hold such words and are
about something else: they are taken out first. Docs/privacy.md says what may be expected of them.
"""

from collections.abc import Mapping
from typing import Final

from retrieval.policies import Category

__all__ = ["HARMLESS", "HARMLESS_CHINESE", "TERMS", "TERMS_CHINESE", "TOPICS", "TOPICS_CHINESE"]

TOPICS: Final[Mapping[Category, str]] = {
    "health": r"health|healthy|medical|medicines?|medications?|meds|illness(?:es)?|disease[sd]?|sick(?:ness(?:es)?)?"
    r"|diagnos[ie]s|symptoms?|allerg(?:y|ies|ic|ens?)|disabilit(?:y|ies)|therap(?:y|ies)|mental state|blood (?:type|group|pressure|sugar)"
    r"|pregnanc(?:y|ies)|pregnant|vaccinat(?:ion|ions|ed)|treatments?|addictions?|intoleran(?:t|ces?)|handicaps?"
    r"|conditions? (?:or|and) (?:illness|disease|disabilit)\w*|weight|bmi|smok(?:er|es|ing)",
    "genetics": r"genetics?|genomes?|dna|hereditary",
    "biometrics": r"biometrics?|fingerprints?|face ?(?:id|print|prints)|facial (?:features|recognition)|voice ?prints?|iris scans?",
    "religion": r"religio(?:n|ns|us)|faiths?|church(?:es)?|belie(?:f|fs)|creed|denominations?|worship|spiritual\w*",
    "politics": r"politic(?:s|al)|politically|party (?:membership|affiliation)|votes?|voting|ideolog(?:y|ies)|elections?",
    "union": r"(?:trade|labou?r) unions?|union (?:member|membership|status|dues)|unions?|unioni[sz]ed",
    "ethnicity": r"ethnic(?:ity|ities)?|races?|racial|skin colou?r|ancestry|national origin|tribes?|nationality",
    "sexuality": r"sexual(?:ity|ly)?|sex life|gender identity|lgbtq?\w*|sexual orientation",
    "children": r"child(?:ren)?|kids?|minors?|under ?age|sons?|daughters?|toddlers?|bab(?:y|ies)|infants?",
    "finances": r"bank (?:accounts?|details|balance)|account numbers?|card numbers?|iban|credit (?:score|rating|history)"
    r"|debts?|financial (?:situation|status|accounts?)|insolven\w+|bankruptc\w+|savings",
    "whereabouts": r"whereabouts|location history|gps|movement profiles?|travel history|geolocations?",
    "identity": r"immigration status|residence (?:permit|status)|asylum|refugee status|identity card|id card|passport numbers?",
    "crime": r"crimes?|criminal|convictions?|offen[cs]es?|police records?|prison",
}  # fmt: skip

TOPICS_CHINESE: Final[Mapping[Category, str]] = {
    "health": "健康|医疗|病史|病情|疾病|患病|症状|诊断|过敏|残疾|残障|用药|药物|服药|治疗|怀孕|孕期|疫苗|心理状况|精神状况|血型|血压|血糖|体重"
    "|身体状况|慢性病|生病|得了什么病|什么病|忌口原因|戒烟|吸烟",
    "genetics": "基因|遗传",
    "biometrics": "指纹|人脸|声纹|虹膜|生物识别|面部特征",
    "religion": "宗教|信仰|教派|信教|信什么教|信不信教|礼拜场所|教会",
    "politics": "政治|党派|政党|党籍|选举|投票倾向|政见",
    "union": "工会",
    "ethnicity": "民族|种族|族裔|人种|籍贯民族|国籍",
    "sexuality": "性取向|性倾向|性生活|性别认同|同性恋",
    "children": "孩子|子女|儿童|未成年|小孩|儿子|女儿|宝宝|婴儿|幼儿",
    "finances": "银行账户|银行账号|银行卡|账户余额|信用分|信用记录|征信|负债|债务|欠款|存款|金融账户|财务状况",
    "whereabouts": "行踪|轨迹|定位|出行记录",
    "identity": "居留身份|签证状态|难民|身份证|特定身份",
    "crime": "犯罪|前科|案底|判刑|违法记录",
}  # fmt: skip

TERMS: Final[Mapping[Category, str]] = {
    "health": r"diabet(?:es|ic|ics)|insulin|cancer|tumou?rs?|chemo(?:therapy)?|radiotherapy|leuk(?:a)?emia|asthma|asthmatic"
    r"|depress(?:ion|ed|ive)|anxiety(?: disorder)?|panic attacks?|burn ?out|adhd|autis(?:m|tic)|bipolar|schizophreni\w+"
    r"|ptsd|ocd|epilep(?:sy|tic)|migraines?|hiv|hepatitis|covid(?:-19)?|strokes?|heart (?:attack|disease|failure|condition)"
    r"|high blood pressure|hypertension|arthritis|crohn'?s?|ibs|co?eliac|lactose|dementia|alzheimer'?s|parkinson'?s"
    r"|multiple sclerosis|surgery|surgeries|hospitali[sz]ed|pregnan(?:t|cy)|miscarriage|ivf|infertil\w+|abortion|allerg(?:y|ies|ic)"
    r"|wheelchair|disabled person|disability|blind|deaf|hearing aids?|amputat\w+|alcoholi(?:c|sm)|rehab|addict(?:ion|ed)?"
    r"|anorexi[ac]|bulimi[ac]|antidepressants?|psychiatri(?:st|c)|psychotherap\w+|sick leave|chronic (?:pain|illness|disease)"
    r"|back pain|eczema|psoriasis|thyroid|dialysis|transplant|overweight|obes(?:e|ity)|menopause|insomnia|ill(?:ness(?:es)?)?",
    "genetics": r"dna test|brca\d?|genetic (?:test|disorder|disease)|down(?:'s)? syndrome",
    "biometrics": r"fingerprints?|face id|voice ?print",
    "religion": r"muslims?|islam(?:ic)?|christians?|catholics?|protestants?|evangelical|orthodox (?:church|jew|jewish|christian)"
    r"|jew(?:s|ish)?|judaism|hindus?|hinduism|buddhis(?:t|ts|m)|sikhs?|taois(?:t|m)|atheists?|agnostic|mosque|synagogue"
    r"|ramadan|halal|kosher|mormons?|jehovah'?s witness(?:es)?|falun gong|baptist|quran|koran|prays?|praying",
    "politics": r"republicans?|democrats?|conservative party|labou?r party|green party|liberals?|socialists?|communis(?:t|ts|m)"
    r"|marxis(?:t|m)|anarchis(?:t|m)|far[- ](?:right|left)|left[- ]wing|right[- ]wing|trump (?:supporter|voter)|voted for"
    r"|afd|cdu|spd|tories|tory|brexiteer|political activist",
    "union": r"trade unions?|labou?r unions?|union (?:member|rep|steward|membership)|shop steward|ig metall",
    "ethnicity": r"african[- ]american|asian[- ]american|hispanic|latin[oax]|caucasian|black (?:man|woman|person)"
    r"|white (?:man|woman|person)|romani|sinti|kurd(?:s|ish)?|uyghurs?|uighurs?|tibetan|han chinese|native american"
    r"|indigenous|mixed race|person of colou?r|arab",
    "sexuality": r"gay|lesbian|bisexual|homosexual|heterosexual|transgender|trans (?:man|woman)|queer|asexual|nonbinary"
    r"|non-binary|same-sex|husband and i are both men|viagra|syphilis",
    "children": r"(?:my|his|her|our|their|the user's|\d+|one|two|three|four|five|six|young(?:er|est)?|old(?:er|est)?|little|small"
    r"|newborn|has|have|with) (?:kids?|child(?:ren)?|sons?|daughters?|bab(?:y|ies)|toddlers?|boys?|girls?)"
    r"|kids|children|sons?|daughters?|toddlers?|newborn|step(?:son|daughter|child)|schoolchild|\d{1,2}[- ]years?[- ]old (?:son|daughter|child|kid|boy|girl)",
    "finances": r"bankrupt(?:cy)?|insolven(?:t|cy)|in debt|credit score|overdraft|bank account|debt collector",
    "whereabouts": r"gps (?:track|data|location)s?|location history",
    "identity": r"undocumented|asylum seeker|refugee|visa overstay\w*",
    "crime": r"convicted|criminal record|on parole|on probation|ex-convict|in prison|arrested|felony",
}  # fmt: skip

TERMS_CHINESE: Final[Mapping[Category, str]] = {
    "health": "糖尿病|胰岛素|癌|肿瘤|化疗|放疗|白血病|哮喘|抑郁|焦虑症|恐慌症|双相|精神分裂|多动症|自闭症|癫痫|偏头痛|艾滋|肝炎|乙肝"
    "|新冠|阳性病|中风|心脏病|高血压|低血糖|高血脂|关节炎|痛风|胃炎|胃溃疡|肠炎|痴呆|帕金森|手术|住院|怀孕|孕妇|流产|试管|不孕|过敏"
    "|残疾|轮椅|失明|失聪|助听器|截肢|酗酒|戒毒|戒酒|厌食|暴食|抗抑郁|精神科|心理咨询|心理医生|病假|慢性病|腰痛|腰椎|颈椎病|湿疹|甲状腺"
    "|透析|移植|肥胖|更年期|失眠|乳糖不耐|确诊|患有|生病",
    "genetics": "基因检测|遗传病|唐氏",
    "biometrics": "指纹|人脸识别|声纹",
    "religion": "穆斯林|伊斯兰|清真|回教|基督徒|基督教|天主教|新教|佛教|信佛|吃斋|道教|犹太|印度教|无神论|清真寺|教堂做礼拜|做礼拜|斋月"
    "|古兰经|法轮功|摩门|皈依|念经|烧香拜佛",
    "politics": "党员|共产党|国民党|民进党|民主党|共和党|左派|右派|左翼|右翼|入党|异见|投票给",
    "union": "工会会员|工会成员|加入工会|工会代表",
    "ethnicity": "汉族|维吾尔|藏族|回族|蒙古族|满族|壮族|苗族|彝族|朝鲜族|哈萨克族|少数民族|黑人|白人|混血|吉普赛|犹太人",
    "sexuality": "同性恋|同志关系|双性恋|异性恋|跨性别|变性|男同|女同|性病|梅毒|出柜",
    "children": "儿子|女儿|孩子|小孩|宝宝|婴儿|双胞胎|小学生|幼儿园|未成年|闺女|娃",
    "finances": "破产|负债|欠债|欠款|网贷|征信|被执行人|失信|银行卡号",
    "whereabouts": "行踪|行动轨迹|定位记录",
    "identity": "难民|非法移民|残疾证",
    "crime": "前科|坐牢|服刑|判刑|缓刑|被捕|犯罪记录|取保候审",
}  # fmt: skip

HARMLESS: Final = (
    r"health[- ]?(?:care)?[- ]insur(?:ance|er)s?(?: (?:compan(?:y|ies)|providers?|firms?|industry|sector|employers?|broker))"
    r"|health[- ]?(?:care)?[- ]insurers?|health ?care (?:compan(?:y|ies)|sector|industry|it|provider|start-?up)|health food\w*"
    r"|health (?:of|and safety|check of) (?:the )?(?:account|business|company|system|server|battery|network)\w*|battery health"
    r"|account health|healthy (?:margin|budget|growth|profit|relationship)s?|(?:medical|health) (?:devices?|equipment|software) (?:compan\w+|sales)"
    r"|(?:children|child|kid|baby|toddler|infant)(?:'s|s'|s)? (?:toys?|shoes?|clothes|clothing|books?|seats?|beds?|bikes?|bicycles?|menu"
    r"|meals?|tickets?|rooms?|furniture|food|formula|stroller|monitor|gate|section|department|size[sd]?|jacket|watch|bottle|proof|lock"
    r"|process|node|theme|account|items?|products?|orders?|gear|wear|games?|helmet)s?"
    r"|(?:toys?|shoes?|clothes|clothing|books?|seats?|furniture|games?) for (?:children|kids|babies|toddlers)"
    r"|(?:european|credit|customs|monetary|student|western|soviet|rugby) unions?|union (?:square|station|jack|pacific|territory)"
    r"|(?:car|horse|boat|bike|arms|rat|space|sack|drag) races?|race (?:cars?|tracks?|days?|conditions?|numbers?|results?)|race to \w+"
    r"|political science|party (?:dress|supplies|room|game|planner|decorations?)s?|(?:page|landscape|portrait|screen|photo|paper) orientation"
    r"|orientation (?:day|week|session|of the (?:page|screen|photo))|weight (?:of|limit|in kg of) (?:the )?(?:parcel|package|product|item|shipment)\w*"
    r"|(?:parcel|package|product|item|shipping|shipment|luggage|net|gross) weight|font weight|(?:great|economic|tropical) depression"
    r"|(?:retail|water|paint) treatments?|surface treatment|customer treatment|(?:special|preferential|equal|unfair) treatment|retail therapy"
    r"|church (?:street|road|lane|square)|good faith|bad faith|faithful\w*|beliefs? (?:in|about) (?:the )?(?:product|brand|company)\w*"
    r"|cancer (?:zodiac|horoscope|star sign)|heart of|stroke (?:width|color|colour)|swim(?:ming)? strokes?|breast ?stroke|back ?stroke"
    r"|minor (?:issues?|bugs?|damages?|problems?|changes?|updates?|versions?|repairs?|scratch\w*|details?|league)|blind (?:spot|date|tasting|test)s?"
    r"|(?:roller|venetian|window) blinds?|colou?r ?blind mode|disabled (?:account|feature|button|user|login|link|notification)s?"
    r"|(?:sales|browser|cookie|order|package|delivery|parcel) track(?:s|ing)?|tracks? (?:an? )?(?:orders?|parcels?|packages?)|(?:music|sound|audio|race) tracks?"
    r"|upvotes?|downvotes?|vote (?:for|on) (?:the )?(?:feature|product|song|best)\w*|(?:gps|nav\w*) (?:device|watch|module|unit)s?"
    r"|prison break|copyright offen[cs]es?|ill(?:-| )fitting|ill effects?|allergy[- ]free (?:bedding|pillow)s?|identity card (?:reader|holder)s?"
    r"|fingerprint (?:sensor|reader|lock|scanner|magnet)s?|face id (?:not working|unlock|feature)"
)

HARMLESS_CHINESE: Final = (
    "(?:健康|医疗)保险公司|健康险公司|(?:健康|医疗)(?:科技|器械)?(?:行业|公司|企业|产业)|健康码系统|健康食品|电池健康度?|账[户号]健康度?|医疗器械销售"
    "|(?:儿童|婴儿|宝宝|婴幼儿|小孩|孩子)(?:玩具|座椅|图书|绘本|服装|衣服|鞋|车|推车|票|套餐|房|节|用品|手表|床|家具|餐具|餐|奶粉|食品|安全座椅|乐园|频道|模式|锁"
    "|自行车|滑板车|书包|泳衣|牙刷|面霜|辅食|纸尿裤|床品|书|区|锁功能|款|尺码)|童装|童鞋|童书|欧盟|学生会|赛车|比赛|赛马"
    "|(?:商品|包裹|快递|物流|订单|货物|产品)(?:轨迹|定位|体重|重量)|品牌定位|市场定位|产品定位|用户体重要?|民族风|民族乐器|民族音乐"
    "|表面治疗|政治学|过敏感|防过敏(?:枕|床)|指纹(?:锁|解锁|膜|识别器|打卡机)|人脸(?:解锁|支付|打卡机)|产品缺陷症状|故障(?:症状|诊断)|系统诊断|诊断(?:工具|软件|报告单号)"
    "|药物牙膏|手术刀玩具|投票(?:活动|页面|按钮)|银行卡(?:支付|付款|退款)"
)
