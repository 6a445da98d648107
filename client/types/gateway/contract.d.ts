/** The gateway API as schemas: what validates requests is what the OpenAPI document says. */
import { z } from 'zod';
export declare const taskId: z.ZodString;
export declare const taskOrder: z.ZodObject<{
    code: z.ZodString;
    language: z.ZodPipe<z.ZodDefault<z.ZodEnum<{
        js: "js";
        ts: "ts";
        javascript: "javascript";
        typescript: "typescript";
    }>>, z.ZodTransform<"js" | "ts", "js" | "ts" | "javascript" | "typescript">>;
    input: z.ZodDefault<z.ZodCustom<z.core.util.JSONType, z.core.util.JSONType>>;
    limits: z.ZodDefault<z.ZodObject<{
        wall_ms: z.ZodOptional<z.ZodInt>;
        cpu_ms: z.ZodOptional<z.ZodInt>;
        memory_mb: z.ZodOptional<z.ZodInt>;
        output_bytes: z.ZodOptional<z.ZodInt>;
    }, z.core.$strict>>;
    stream: z.ZodDefault<z.ZodBoolean>;
    task: z.ZodOptional<z.ZodString>;
    tenant: z.ZodOptional<z.ZodString>;
    class: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    risk: z.ZodDefault<z.ZodInt>;
}, z.core.$strict>;
export type TaskBody = z.output<typeof taskOrder>;
export declare const passOrder: z.ZodObject<{
    task: z.ZodOptional<z.ZodString>;
    ttl_ms: z.ZodOptional<z.ZodInt>;
    source: z.ZodOptional<z.ZodString>;
    tenant: z.ZodOptional<z.ZodString>;
    class: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    risk: z.ZodDefault<z.ZodInt>;
}, z.core.$strict>;
export declare const guardSettings: z.ZodObject<{
    direction: z.ZodDefault<z.ZodEnum<{
        request: "request";
        result: "result";
    }>>;
    profile: z.ZodOptional<z.ZodString>;
    tenant: z.ZodOptional<z.ZodString>;
    tool: z.ZodOptional<z.ZodString>;
    host: z.ZodDefault<z.ZodString>;
}, z.core.$strict>;
export type GuardQuery = z.output<typeof guardSettings>;
export declare const guardOrder: z.ZodObject<{
    text: z.ZodOptional<z.ZodString>;
    json: z.ZodOptional<z.ZodCustom<z.core.util.JSONType, z.core.util.JSONType>>;
    bytes: z.ZodOptional<z.ZodBase64>;
    direction: z.ZodDefault<z.ZodEnum<{
        request: "request";
        result: "result";
    }>>;
    profile: z.ZodOptional<z.ZodString>;
    tenant: z.ZodOptional<z.ZodString>;
    tool: z.ZodOptional<z.ZodString>;
    host: z.ZodDefault<z.ZodString>;
}, z.core.$strict>;
export declare const guardAnswer: z.ZodObject<{
    action: z.ZodEnum<{
        pass: "pass";
        redact: "redact";
        block: "block";
    }>;
    findings: z.ZodArray<z.ZodObject<{
        rule: z.ZodString;
        info_type: z.ZodString;
        likelihood: z.ZodEnum<{
            VERY_UNLIKELY: "VERY_UNLIKELY";
            UNLIKELY: "UNLIKELY";
            POSSIBLE: "POSSIBLE";
            LIKELY: "LIKELY";
            VERY_LIKELY: "VERY_LIKELY";
        }>;
        start: z.ZodInt;
        end: z.ZodInt;
        action: z.ZodEnum<{
            pass: "pass";
            hash: "hash";
            tokenise: "tokenise";
            mask: "mask";
            redact: "redact";
            block: "block";
        }>;
        fingerprint: z.ZodString;
        path: z.ZodNullable<z.ZodString>;
    }, z.core.$strip>>;
    more: z.ZodInt;
    second_stage: z.ZodOptional<z.ZodEnum<{
        asked: "asked";
        not_asked: "not_asked";
    }>>;
    text: z.ZodOptional<z.ZodString>;
    json: z.ZodOptional<z.ZodCustom<z.core.util.JSONType, z.core.util.JSONType>>;
    bytes: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const taskReport: z.ZodObject<{
    task: z.ZodString;
    tenant: z.ZodString;
    class: z.ZodString;
    profile: z.ZodString;
    status: z.ZodEnum<{
        completed: "completed";
        timeout: "timeout";
        failed: "failed";
        cpu_exceeded: "cpu_exceeded";
        memory_exceeded: "memory_exceeded";
        output_exceeded: "output_exceeded";
        killed: "killed";
        denied: "denied";
        host_lost: "host_lost";
        running: "running";
    }>;
    result: z.ZodCustom<z.core.util.JSONType, z.core.util.JSONType>;
    error: z.ZodNullable<z.ZodObject<{
        name: z.ZodString;
        message: z.ZodString;
        stack: z.ZodString;
        code: z.ZodNullable<z.ZodString>;
    }, z.core.$strip>>;
    guard: z.ZodObject<{
        action: z.ZodEnum<{
            pass: "pass";
            redact: "redact";
            block: "block";
        }>;
        findings: z.ZodArray<z.ZodObject<{
            rule: z.ZodString;
            info_type: z.ZodString;
            likelihood: z.ZodEnum<{
                VERY_UNLIKELY: "VERY_UNLIKELY";
                UNLIKELY: "UNLIKELY";
                POSSIBLE: "POSSIBLE";
                LIKELY: "LIKELY";
                VERY_LIKELY: "VERY_LIKELY";
            }>;
            start: z.ZodInt;
            end: z.ZodInt;
            action: z.ZodEnum<{
                pass: "pass";
                hash: "hash";
                tokenise: "tokenise";
                mask: "mask";
                redact: "redact";
                block: "block";
            }>;
            fingerprint: z.ZodString;
            path: z.ZodNullable<z.ZodString>;
        }, z.core.$strip>>;
        more: z.ZodInt;
        second_stage: z.ZodOptional<z.ZodEnum<{
            asked: "asked";
            not_asked: "not_asked";
        }>>;
    }, z.core.$strip>;
    usage: z.ZodObject<{
        boot_ms: z.ZodNumber;
        cpu_ms: z.ZodNumber;
        wall_ms: z.ZodNumber;
        peak_memory_bytes: z.ZodNumber;
        requests: z.ZodInt;
        bytes: z.ZodInt;
    }, z.core.$strip>;
    logs: z.ZodArray<z.ZodObject<{
        level: z.ZodString;
        text: z.ZodString;
    }, z.core.$strip>>;
    decisions: z.ZodArray<z.ZodString>;
    wall: z.ZodString;
}, z.core.$strip>;
export type TaskReport = z.output<typeof taskReport>;
export declare const killAnswer: z.ZodObject<{
    task: z.ZodString;
    status: z.ZodString;
}, z.core.$strip>;
export declare const passAnswer: z.ZodObject<{
    task: z.ZodString;
    tenant: z.ZodString;
    pass: z.ZodString;
    token: z.ZodString;
    class: z.ZodString;
    profile: z.ZodString;
    risk: z.ZodInt;
    capabilities: z.ZodArray<z.ZodString>;
    expires_at: z.ZodISODateTime;
}, z.core.$strip>;
export declare const problem: z.ZodObject<{
    type: z.ZodString;
    title: z.ZodString;
    status: z.ZodInt;
    code: z.ZodString;
    detail: z.ZodString;
    task: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
