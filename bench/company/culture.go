package company

// culture is where a person's names and addresses come from.
type culture struct {
	locale      string // also the preferred language
	zone        string
	country     string
	city        string
	street      string
	given       []string
	family      []string
	familyFirst bool
}

// cultures bring the scripts in which folding, ordering, direction and length differ: letters with diacritics, composed
// and decomposed; the dotless i and the sharp s; three scripts without case; marks that combine; two that run from right
// to left; letters outside the basic plane.
var cultures = []culture{
	{
		locale: "de-DE", zone: "Europe/Berlin", country: "DE", city: "Köln", street: "Große Straße",
		given: []string{"Jörg", "Änne", "Käthe", "Björn", "Uta"}, family: []string{"Müller", "Weiß", "Schröder", "Groß-Gerau", "von der Heide"},
	},
	{
		locale: "fr-FR", zone: "Europe/Paris", country: "FR", city: "Besançon", street: "Rue de l’Œuvre",
		given: []string{"Chloé", "Zoe\u0308", "François", "Hélène", "Loi\u0308c"}, family: []string{"Lefèvre", "d’Aubigné", "Noël", "Ça-Va", "Œhmichen"},
	},
	{
		locale: "pl-PL", zone: "Europe/Warsaw", country: "PL", city: "Łódź", street: "ul. Żółkiewskiego",
		given: []string{"Łucja", "Grażyna", "Świętosław", "Paweł"}, family: []string{"Wąż", "Brzęczyszczykiewicz", "Źrebiec", "Nowak"},
	},
	{
		locale: "tr-TR", zone: "Europe/Istanbul", country: "TR", city: "İstanbul", street: "Bağdat Caddesi",
		given: []string{"Işıl", "İbrahim", "Çağla", "Gökçe"}, family: []string{"Yıldız", "Şahin", "IŞIK", "Öztürk"},
	},
	{
		locale: "vi-VN", zone: "Asia/Ho_Chi_Minh", country: "VN", city: "Đà Nẵng", street: "Đường Nguyễn Huệ",
		given: []string{"Thị Hương", "Đức", "Quỳnh", "Phước"}, family: []string{"Nguyễn", "Trần", "Phạm", "Đặng"}, familyFirst: true,
	},
	{
		locale: "en-IE", zone: "Europe/Dublin", country: "IE", city: "Dún Laoghaire", street: "St. Stephen’s Green",
		given: []string{"Siobhán", "Liam", "Aoife", `Seán "Jack"`}, family: []string{"O'Brien", "Ní Dhomhnaill", "Mac & Sons", "<Script>"},
	},
	{
		locale: "ru-RU", zone: "Europe/Moscow", country: "RU", city: "Санкт-Петербург", street: "Невский проспект",
		given: []string{"Дмитрий", "Ольга", "Фёдор", "Юлия"}, family: []string{"Иванов", "Щербакова", "Соловьёв", "Ёлкина"},
	},
	{
		locale: "el-GR", zone: "Europe/Athens", country: "GR", city: "Αθήνα", street: "Οδός Ερμού",
		given: []string{"Σοφία", "Γιώργος", "Αχιλλέας", "ΟΔΥΣΣΕΥΣ"}, family: []string{"Παππάς", "Ιωαννίδης", "Χατζηγιάννη", "Βασιλείου"},
	},
	{
		locale: "zh-CN", zone: "Asia/Shanghai", country: "CN", city: "北京", street: "长安街",
		given: []string{"伟", "秀英", "欣怡", "𠮷祥"}, family: []string{"王", "欧阳", "张", "李"}, familyFirst: true,
	},
	{
		locale: "ja-JP", zone: "Asia/Tokyo", country: "JP", city: "横浜市", street: "みなとみらい",
		given: []string{"由紀", "さくら", "ヒロシ", "ﾊﾅｺ"}, family: []string{"中村", "髙橋", "渡邉", "𠮷田"}, familyFirst: true,
	},
	{
		locale: "ko-KR", zone: "Asia/Seoul", country: "KR", city: "서울", street: "세종대로",
		given: []string{"지훈", "서연", "민준"}, family: []string{"김", "박", "남궁"}, familyFirst: true,
	},
	{
		locale: "ar-EG", zone: "Africa/Cairo", country: "EG", city: "القاهرة", street: "شارع التحرير",
		given: []string{"محمد", "فاطمة", "يُوسُف", "عبد الرحمن"}, family: []string{"الأحمد", "حسين", "المصري", "آل سعود"},
	},
	{
		locale: "he-IL", zone: "Asia/Jerusalem", country: "IL", city: "תל אביב", street: "רחוב דיזנגוף",
		given: []string{"שָׂרָה", "משה", "נועם", "רחל"}, family: []string{"כהן", "לוי", "בן־דוד", "מזרחי"},
	},
	{
		locale: "hi-IN", zone: "Asia/Kolkata", country: "IN", city: "दिल्ली", street: "महात्मा गांधी मार्ग",
		given: []string{"प्रिया", "अर्जुन", "श्रीकृष्ण", "लक्ष्मी"}, family: []string{"शर्मा", "क्षत्रिय", "गुप्ता", "सिंह"},
	},
	{
		locale: "th-TH", zone: "Asia/Bangkok", country: "TH", city: "กรุงเทพฯ", street: "ถนนสุขุมวิท",
		given: []string{"สมชาย", "น้ำฝน", "กัญญา"}, family: []string{"ใจดี", "ศรีสุข", "ณ อยุธยา"},
	},
}

// nicknames have what a column, a font or a folding that is too clever would break.
var nicknames = []string{
	"🦊", "👩🏽‍🚀 Cmdr", "Ace \"the\" \\ one", "🇧🇷 Zé", "e\u0301clair", "ß", "\u200fש.כ.", "ﬁne", "👨‍👩‍👧‍👦", "naïve ☕️",
}

var (
	titles      = []string{"Engineer", "Agent", "Team Lead", "Analyst", "Supervisor", "Geschäftsführer", "顧問", "Руководитель"}
	departments = []string{
		"Research & Development", "Customer Care", "Sales <EMEA>", "Finance", "Personal- und Rechtsabteilung", "営業部", "Бухгалтерия",
		"Υποστήριξη", "خدمة العملاء", "משאבי אנוש", "विपणन", "ฝ่ายผลิต", `Night "Shift" \ Ops`,
	}
)
