//! What a column's name says. Names of the same thing differ in case and separators (`Destination Port`, `dst_port`,
//! `id.resp_p`, `Dport`), so they are compared as words, or with the words run together.
//!
//! The lists hold the names of Zeek, Suricata, Argus, NetFlow and IPFIX exporters (nfdump, SiLK, YAF, NF-*-v2), cloud flow
//! logs, CICFlowMeter, UNSW-NB15 and the KDD family.

/// A name's words in lower case: split at everything that is neither letter nor digit, and where case turns
/// (`SrcAddr`, `FlowIATMean`).
pub fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.trim().chars().collect();
    let mut words = vec![String::new()];
    for (i, &c) in characters.iter().enumerate() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = i.checked_sub(1).and_then(|p| characters.get(p));
        let after = characters.get(i + 1);
        let turns = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
                || before.is_some_and(|b| b.is_uppercase()) && after.is_some_and(|a| a.is_lowercase()));
        if turns {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A name taken apart once, with the questions that the rules ask of it.
pub struct Name {
    words: Vec<String>,
    compact: String,
}

fn lists(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

impl Name {
    pub fn new(name: &str) -> Self {
        let words = words(name);
        Self { compact: words.concat(), words }
    }

    /// The words run together: `destinationport`.
    pub fn compact(&self) -> &str {
        &self.compact
    }

    fn is(&self, list: &str) -> bool {
        !self.compact.is_empty() && lists(list, &self.compact)
    }

    fn ends_in(&self, list: &str) -> bool {
        self.words.last().is_some_and(|word| lists(list, word))
    }

    /// Names that are a label in any table.
    pub fn is_label(&self) -> bool {
        self.is(LABEL) || self.ends_in("label labels alerted")
    }

    /// Words that name a label in some tables and a measurement in others; the values decide.
    pub fn may_be_label(&self) -> bool {
        self.is("class target outcome anomaly outlier y threat verdict malware")
    }

    /// Words that name a label if the values tell `normal` from something else.
    pub fn may_tell_normal(&self) -> bool {
        self.may_be_label() || self.is("type category subcategory kind traffic traffictype result status")
    }

    pub fn is_address(&self) -> bool {
        self.is(ADDRESS) || self.ends_in("ip ipv4 ipv6 addr address mac hostname fqdn")
    }

    /// `host` and the like: an address if the column is text, maybe a count if it is not.
    pub fn is_host(&self) -> bool {
        self.ends_in("host client server sensor")
    }

    /// Names of sensors: Zeek's `_node_name`, `_system_name`, `@system`.
    pub fn is_sensor(&self) -> bool {
        self.is("nodename systemname system sensorname")
    }

    pub fn is_port(&self) -> bool {
        self.is(PORT) || self.ends_in("port sport dport")
    }

    pub fn is_id(&self) -> bool {
        self.is(ID) || self.ends_in("id uid uuid guid fuid fuids pid ppid asn hash md5 sha1 sha256")
    }

    /// Names of row counters, of which the values must approve.
    pub fn is_row_number(&self) -> bool {
        self.compact.is_empty()
            || self.is("index no nr number row rownum rownumber record recordnumber seq seqno frame framenumber")
    }

    pub fn is_time(&self) -> bool {
        self.is(TIME) || self.ends_in("ts timestamp datetime")
    }

    /// A word of time somewhere: enough where every value lies in one epoch range.
    pub fn mentions_time(&self) -> bool {
        self.is_time() || self.words.iter().any(|word| lists("time date seen epoch switched start end", word))
    }

    /// Why the record was written (Suricata's `flow.reason`: timeout, shutdown), not what the flow was.
    pub fn is_export_reason(&self) -> bool {
        self.is("reason flowreason flowendreason")
    }

    /// Integers that are codes: protocol numbers, flags, types.
    pub fn is_code(&self) -> bool {
        self.is(CODE) || self.ends_in("type code opcode")
    }

    /// nDPI's protocol numbers are written with a point: 7.178 is HTTP, Netflix.
    pub fn is_dotted_code(&self) -> bool {
        self.is("l7proto")
    }
}

const LABEL: &str = "label labels attack attacks attackcat attackcategory attacktype attackname isattack isanomaly isanomalous \
    ismalicious isfraud malicious groundtruth difficulty difficultylevel anomalykind";

const ADDRESS: &str = "srcip dstip sourceip destinationip destip ipsrc ipdst saddr daddr srcaddr dstaddr idorigh idresph smac dmac \
    srcmac dstmac origl2addr respl2addr hostname sa da ethsrc ethdst nexthop nh ipnexthop exporter externalip xlatesrcip xlatedstip";

const PORT: &str = "port sport dport srcport dstport sourceport destinationport destport idorigp idrespp l4srcport l4dstport dsport \
    sp dp xlatesrcport xlatedstport";

const ID: &str = "uid id flowid sessionid connid connectionid communityid recordid eventid uuid guid parentuids tunnelparents \
    dnsqueryid vlanid sessionkey sas das srcas dstas stcpb dtcpb";

const TIME: &str = "ts time timestamp datetime date starttime endtime stime etime ltime lasttime begintime firstseen lastseen \
    firstswitched lastswitched flowstart flowend flowstarttime flowendtime start end eventtime receivedtime tr te captime dateofflow";

const CODE: &str = "protocol proto ipproto ipprotocol protocolidentifier protocolnumber prot pro pr l4proto l7proto transport tos stos \
    dtos srctos dsttos iptos dscp tcptcpflags tcptcpflagsts tcptcpflagstc tcpflags tcpflag tcpcontrolbits flags flag clienttcpflags servertcpflags ipversion ipver vlan state \
    connstate service";
