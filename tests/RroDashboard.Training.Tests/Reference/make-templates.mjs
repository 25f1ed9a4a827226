// What the reference implementation, @huggingface/jinja, makes of chat templates in the shape of each family and of many small ones:
// `npm ci && npm run templates`. The templates are written for the purpose; the formats are the families'.
import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";

const CHATML = `{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;
const families = {
  llama2: `{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}`,
  llama3: `{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}`,
  llama31: `{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first, so that it can hold the date. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- "Functions:\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("one call at a time") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", "parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
`,
  qwen25: `{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`,
  qwen3: `{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- set content = message.content %}
        {%- if '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}`,
  gemma2: `{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}`,
  smollm2: CHATML,
};

const user = content => ({ role: "user", content }), assistant = content => ({ role: "assistant", content }), system = content => ({ role: "system", content });
const tool = { type: "function", function: { name: "search", description: "Finds \"things\" & more\n<b>", parameters: { type: "object", properties: { query: { type: "string" }, top: { type: "integer", default: 10 }, exact: { type: "boolean", default: false } }, required: ["query"] } } };
const conversations = [
  [user("Hello")],
  [user("  padded \n"), assistant(" yes "), user("and\n\nnow? 😀 {{ not a tag }} {% nor this %}")],
  [system("Be brief."), user("你好"), assistant("Hi"), user("")],
  [system(" S. "), user("a"), assistant("<think>\nfirst\n</think>\n\nb"), user("c"), assistant("<think>\nsecond\n</think>\n\nd")],
  [assistant("out of turn")],
  [user("one"), user("two")],
  [user("find"), { role: "assistant", content: "", tool_calls: [{ function: { name: "search", arguments: { query: "red \"shoes\"", top: 3, ratio: 0.5, none: null } } }] }, { role: "tool", content: "[1, 2]" }, { role: "tool", content: "more" }, assistant("done")],
];
const contexts = [];
for (const messages of conversations) for (const add_generation_prompt of [false, true]) for (const extra of [{}, { tools: [tool] }, { tools: [tool, tool], tools_in_user_message: false, enable_thinking: false, date_string: "1 May 2025" }]) {
  contexts.push({ messages, add_generation_prompt, bos_token: "<s>", eos_token: "</s>", ...extra });
}
const render = (template, context) => {
  try { return { text: new Template(template).render(context) }; } catch (e) { return { error: String(e.message).slice(0, 80) }; }
};
const data = { list: [3, 1, 2], names: ["b", "a"], text: "  Hello, World\n", map: { k: "v", n: 1, deep: { x: [1, { y: "z" }] } }, zero: 0, yes: true, no: false, nothing: null, people: [{ name: "Ann", age: 3, ok: true }, { name: "Bo", age: 7, ok: false }], quote: "a\"b\\c\té😀</x>" };
const small = [
  "{{ 1 + 2 * 3 - 4 }}", "{{ 7 // 2 }}|{{ -7 // 2 }}|{{ 7 % 3 }}|{{ 7 / 2 }}", "{{ 'a' ~ 1 ~ 'b' }}", "{{ 'a' + 'b' }}", "{{ 2 > 1 and 'x' or 'y' }}", "{{ not yes }}", "{{ 'x' if no else 'y' }}", "{{ 'x' if yes }}", "[{{ 'x' if no }}]",
  "{{ 1 == 1.0 }}", "{{ 'a' < 'b' }}", "{{ 3 in list }}{{ 9 not in list }}{{ 'ell' in text }}{{ 'k' in map }}", "{{ map.k }}{{ map['n'] }}{{ map.deep.x[1].y }}", "{{ map.missing is defined }}{{ missing is undefined }}{{ nothing is none }}",
  "{{ text | trim }}", "{{ text.strip() | upper }}{{ 'ABC' | lower }}", "{{ names | join(', ') }}", "{{ list | length }}{{ text | length }}{{ map | length }}", "{{ list | first }}{{ list | last }}", "{{ missing | default('d') }}{{ '' | default('e', true) }}",
  "{{ map | tojson }}", "{{ people | tojson(indent=2) }}", "{{ quote | tojson }}", "{{ [] | tojson }}{{ {} | tojson }}{{ [[]] | tojson(indent=2) }}", "{{ list[0] }}{{ list[-1] }}{{ list[1:] | tojson }}{{ list[:-1] | tojson }}{{ list[::-1] | tojson }}{{ list[::2] | tojson }}", "{{ 'hello'[1:3] }}{{ 'hello'[0] }}",
  "{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ x }};{% endfor %}", "{% for x in [] %}a{% else %}empty{% endfor %}", "{% for k, v in map.items() %}{{ k }};{% endfor %}", "{% for k in map %}{{ k }},{% endfor %}",
  "{% for x in list if x > 1 %}{{ x }}{{ loop.index }}{% endfor %}", "{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}", "{% for x in range(2, 8, 3) %}{{ x }}{% endfor %}",
  "{% set a = 1 %}{% for x in list %}{% set a = x %}{% endfor %}{{ a }}", "{% set ns = namespace(a=0) %}{% for x in list %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}", "{% if no %}a{% elif zero %}b{% elif yes %}c{% else %}d{% endif %}",
  "a\n  {% if yes %}\n  b\n  {% endif %}\nc", "a\n  {%- if yes -%}\n  b\n  {%- endif -%}\nc", "a {{- ' b ' -}} c", "x {# gone #} y", "x {#- gone -#} y", "{% if yes %}\n\n{% endif %}\n", "  {{ 1 }}\n  {% set q = 2 %}\n  {{ q }}\n", "{{ '{{ x }}' }}", "{{ {'a': 1, 'b': [1, 2]} | tojson }}", "{{ (1, 2) | tojson }}",
  "{{ people | map(attribute='name') | join('+') }}", "{{ people | selectattr('ok') | map(attribute='name') | list | join }}", "{{ people | rejectattr('ok') | map(attribute='name') | join }}", "{{ people | selectattr('age', 'equalto', 7) | map(attribute='name') | join }}",
  "{{ 'a,b,,c'.split(',') | tojson }}", "{{ ' a  b '.split() | tojson }}", "{{ 'xxaxx'.strip('x') }}{{ 'xxa'.lstrip('x') }}{{ 'axx'.rstrip('x') }}", "{{ 'abcabc'.replace('b', 'X') }}", "{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('bc') }}", "{{ 'hello world'.title() }}{{ 'hello'.capitalize() }}",
  "{{ map.get('k') }}{{ map.get('q', 'none') }}", "{{ 5 is odd }}{{ 4 is even }}{{ 'a' is string }}{{ 1 is number }}{{ map is mapping }}{{ list is iterable }}{{ yes is boolean }}", "{{ '7' | int + 1 }}{{ '2.5' | float }}", "{{ -3 | abs }}", "{{ 'a\\n\\tb\\'c' }}", "{{ \"it's\" }}", "{{ list | reverse | list | tojson }}", "{{ not (1 == 2) }}", "{{ yes is true }}{{ no is false }}", "{{ 'b' is in names }}", "{{ 1 if yes else 2 if no else 3 }}", "{{ ('a' ~ 'b') | upper ~ 'c' }}", "{{ 'a' in ['a'] and 'b' not in ['a'] }}", "{{ 'line1\nline2' | indent(2) }}", "{{ '<a&\"b>' | e }}",
  "{{ 1 +", "{% if yes %}", "{% endfor %}", "{{ missing.member }}", "{{ 'a' - 1 }}", "{% for %}{% endfor %}", "{{ raise_exception('no') }}",
];
const golden = {
  reference: "@huggingface/jinja 0.5.11",
  families: Object.entries(families).map(([name, template]) => ({ name, template, cases: contexts.map(context => ({ context, ...render(template, context) })) })),
  small: { data, cases: small.map(template => ({ template, ...render(template, data) })) },
};
writeFileSync(new URL("templates.json.gz", import.meta.url), gzipSync(JSON.stringify(golden), { level: 9 }));
for (const c of golden.small.cases) console.log(JSON.stringify(c));
for (const f of golden.families) console.log(f.name, f.cases.length, f.cases.filter(c => c.error).length, "refused");
